"""What a run is held against: limits, claims, baselines, and the corpus of known worst inputs."""
