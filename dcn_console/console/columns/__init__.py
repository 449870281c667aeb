"""What each kind of row looks like in a table: columns, filter text and place, all pure."""
