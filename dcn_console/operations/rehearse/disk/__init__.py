"""What is on a disk: its partition table and filesystems, found by reading only."""
