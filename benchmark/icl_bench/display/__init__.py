"""Terminal tables and charts of one task."""
