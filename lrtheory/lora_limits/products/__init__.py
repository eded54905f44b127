"""The thin products that every adapter gradient is made of, exactly by tiles or through a polynomial."""
