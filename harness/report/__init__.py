"""From the cases of a session to claims.json and the page that a reader opens."""
