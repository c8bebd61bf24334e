"""Whom the client believes: real servers, real certificates, and somebody in between who has neither."""
