"""The parts of sklstm.export."""
