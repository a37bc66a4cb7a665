"""The headless core of Stepwise CRM: records, ownership, history, and the engine that runs modules."""
