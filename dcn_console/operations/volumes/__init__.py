"""What the operations on volumes and their snapshots share: checks, waiting, removing, reasons."""
