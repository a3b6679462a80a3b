"""The city as the host gives it: one module an interface, over the bindings that the build generates from the contract.
Only a component imports these."""
