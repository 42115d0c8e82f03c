"""The static leaderboard: recorded results in, the files of a site out. Rendering is pure: no clock, no
network, and the same records give the same bytes."""
