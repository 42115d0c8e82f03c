"""What a result record looks like outside of its file: tables, HTML, charts."""
