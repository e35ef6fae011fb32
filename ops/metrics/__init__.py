"""The dashboard and the alarms of a stage, as they are deployed, with their values."""
