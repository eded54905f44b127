"""What every public function owes: names, signatures, units, masked arrays, imports."""
