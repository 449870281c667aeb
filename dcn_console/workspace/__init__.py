"""What both faces stand on: the inventory, plans and tasks behind one object."""
