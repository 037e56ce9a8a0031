"""The figures of a report; the only modules that know matplotlib, of which they use no global figure and no window."""
