"""The description of the interface as OpenAPI 3.1, made from entities, schemas and operations."""
