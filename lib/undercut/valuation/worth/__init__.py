"""What are sellers and suppliers of AI worth under price erosion, and what does a market value imply?

Start with `undercut.valuation.worth.vendors.vendor_case`, then
`undercut.valuation.worth.cashflow.value_firm`,
`undercut.valuation.worth.reverse.implied` and `undercut.valuation.worth.montecarlo.simulate`. Nothing here
is a
target price or advice: every result is conditional on named assumptions.
"""
