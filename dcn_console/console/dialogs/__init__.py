"""Dialogs that stand between a key and a change."""
