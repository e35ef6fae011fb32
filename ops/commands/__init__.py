"""The commands of `parley`, one per module. Importing a module registers its command."""
