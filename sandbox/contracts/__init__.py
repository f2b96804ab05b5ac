"""The services' own descriptions, reduced to what is used here; nobody of this project wrote them."""
