"""The pages of what storage keeps besides images and volumes: backups, snapshots, servers."""
