"""Steps that relocation, failover, fail back and resync share."""
