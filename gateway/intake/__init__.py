"""May see personal data, and do nothing else: pure, synchronous, without clock, disk, network or log."""
