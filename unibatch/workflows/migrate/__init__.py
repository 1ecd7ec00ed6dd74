"""Moving a half-finished campaign from one vendor to another: nobody is called twice, and nobody is lost."""
