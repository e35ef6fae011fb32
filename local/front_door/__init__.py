"""The local stage's web server: the site, `/api`, sign-in and sign-up pages, and the inspector."""
