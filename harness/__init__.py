"""The shared machinery: claims and rules, runs and their store, data, networks, interventions, measures, report."""
