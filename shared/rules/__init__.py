"""The rules of risk (docs/risk.md), pure and the same at the till and on the server."""
