"""Backups: one file that holds all an installation knows, taken while it runs, and the way back."""
