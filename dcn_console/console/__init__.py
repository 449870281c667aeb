"""The terminal console: screens, widgets and actions."""
