"""From a stranger's pull request to recorded results: validate, fetch, evaluate and record, as data alone."""
