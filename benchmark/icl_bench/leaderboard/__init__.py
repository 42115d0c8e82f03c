"""The leaderboard: records in, pages out."""
