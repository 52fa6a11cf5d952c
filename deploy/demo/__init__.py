"""The simulated district: a seeded world, its workbooks with their dirt, and the driver that sends them in."""
