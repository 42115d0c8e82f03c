"""Result records: read, audited against their own errors, reproduced, stored."""
