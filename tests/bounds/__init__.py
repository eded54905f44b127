"""The statement engine on toy systems, and what every statement of the project owes."""
