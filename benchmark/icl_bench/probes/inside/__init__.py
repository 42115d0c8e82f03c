"""What probes read inside a network: apart from them, since it imports torch."""
