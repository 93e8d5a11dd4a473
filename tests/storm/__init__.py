"""Storms: many short schedules of workers, faults, people and two systems, each decided by one seed."""
