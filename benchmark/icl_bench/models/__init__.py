"""Architecture specs turned into torch modules, and checkpoints read strictly from folders and the Hub."""
