"""The web shell of Stepwise CRM."""
