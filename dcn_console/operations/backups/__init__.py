"""What the operations on backups share: where backups are kept, checks, comparing, reasons."""
