"""What the tests of this folder share: the proxy under test, backends, clients, certificates."""
