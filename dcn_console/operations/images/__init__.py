"""What the operations on whole images share: clones that need a copy, marks, removal."""
