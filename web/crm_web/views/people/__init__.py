"""The administrator's pages of users, teams and roles."""
