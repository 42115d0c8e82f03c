"""The pages, a file a kind: each has `pages(site)`, which yields them before they are rendered."""
