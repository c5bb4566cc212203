"""REST for people and apps: endpoints declared by their types, from which routes and the OpenAPI document are made."""
