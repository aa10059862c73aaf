"""How does a result reach a reader? Catalogue, building, rendering, publishing, the site's pages."""
