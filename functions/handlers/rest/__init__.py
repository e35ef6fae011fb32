"""The routes of the REST API by subject. Who may is decided in chat; what is stored, in aws."""
