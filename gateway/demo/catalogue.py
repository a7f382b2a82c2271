"""What the demo's marketplace sells: sellers around the Mediterranean, products in ten categories.

May not: draw lots. All names are invented.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.demo.words import Product, Seller

SELLERS: tuple[Seller, ...] = (
    Seller("S-01", "Bottega Etnea", "Caltagirone", "IT"),
    Seller("S-02", "Telai di Mare", "Otranto", "IT"),
    Seller("S-03", "Kástro Ceramics", "Chania", "GR"),
    Seller("S-04", "Elaia Workshop", "Kalamata", "GR"),
    Seller("S-05", "Atelier Lavandin", "Apt", "FR"),
    Seller("S-06", "Verrerie du Vieux-Port", "Marseille", "FR"),
    Seller("S-07", "Llum de Sóller", "Sóller", "ES"),
    Seller("S-08", "Azulejos Almadrava", "Manises", "ES"),
    Seller("S-09", "Dar Zellij", "Fès", "MA"),
    Seller("S-10", "Nabeul Terre", "Nabeul", "TN"),
    Seller("S-11", "Ege Dokuma", "İzmir", "TR"),
    Seller("S-12", "Kamen i Drvo", "Brač", "HR"),
    Seller("S-13", "Lefkara Linen", "Pano Lefkara", "CY"),
    Seller("S-14", "Cedro House", "Batroun", "LB"),
)

#: category -> what a piece of it comes in
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "tableware": ("sea blue", "sand", "olive"),
    "vases": ("terracotta", "white", "cobalt"),
    "rugs": ("140x200", "170x240", "200x300"),
    "textiles": ("ecru", "indigo", "saffron"),
    "lighting": ("brass", "rattan", "smoked glass"),
    "furniture": ("olive wood", "walnut", "white oak"),
    "tiles": ("matt", "glazed"),
    "mirrors": ("60 cm", "80 cm"),
    "outdoor": ("terracotta", "anthracite"),
    "kitchen": ("small", "large"),
}

#: category, seller, price in euro cents, name
_SHELVES: tuple[tuple[str, str, int, str], ...] = (
    ("tableware", "S-01", 6400, "Dinner plates Etna, set of 4"),
    ("tableware", "S-03", 3850, "Breakfast bowls Kissamos, pair"),
    ("tableware", "S-03", 2290, "Espresso cups Spinalonga, pair"),
    ("tableware", "S-08", 7900, "Serving platter Albufera"),
    ("tableware", "S-10", 4450, "Couscous bowl Hammamet"),
    ("tableware", "S-06", 5200, "Carafe and glasses Panier"),
    ("tableware", "S-01", 2750, "Olive dish Alcantara"),
    ("vases", "S-01", 8900, "Head vase Moro"),
    ("vases", "S-03", 11900, "Amphora Minoa, large"),
    ("vases", "S-10", 5400, "Jug vase Djerba"),
    ("vases", "S-06", 6900, "Bubble glass vase Calanque"),
    ("vases", "S-09", 7450, "Tadelakt vase Atlas"),
    ("vases", "S-03", 3600, "Bud vases Thera, set of 3"),
    ("rugs", "S-11", 38900, "Kilim Bergama"),
    ("rugs", "S-09", 52500, "Beni rug Tazenakht"),
    ("rugs", "S-11", 24900, "Flat weave runner Foça"),
    ("rugs", "S-02", 19800, "Cotton rug Salento"),
    ("rugs", "S-09", 31900, "Boucherouite rug Medina"),
    ("rugs", "S-14", 44900, "Wool rug Qadisha"),
    ("rugs", "S-10", 28900, "Klim rug Kairouan"),
    ("textiles", "S-13", 8900, "Tablecloth Lefkara lace"),
    ("textiles", "S-02", 4900, "Throw Leuca"),
    ("textiles", "S-11", 3200, "Peshtemal Urla"),
    ("textiles", "S-05", 5600, "Quilted cushion Luberon"),
    ("textiles", "S-13", 2400, "Linen napkins, set of 4"),
    ("textiles", "S-07", 6200, "Ikat cushion Llengua"),
    ("textiles", "S-05", 14900, "Boutis bedspread Vaucluse"),
    ("lighting", "S-07", 12900, "Pendant lamp Tramuntana"),
    ("lighting", "S-09", 9800, "Pierced brass lantern Mellah"),
    ("lighting", "S-06", 16500, "Table lamp Frioul"),
    ("lighting", "S-07", 8700, "Rattan shade Deià"),
    ("lighting", "S-02", 21900, "Luminaria wall light, pair"),
    ("lighting", "S-14", 13400, "Alabaster lamp Byblos"),
    ("lighting", "S-12", 11200, "Stone lamp Pučišća"),
    ("furniture", "S-04", 42900, "Stool Taygetos"),
    ("furniture", "S-12", 68900, "Side table Supetar"),
    ("furniture", "S-04", 129000, "Dining table Messinia"),
    ("furniture", "S-07", 31900, "Rush chair Mallorca"),
    ("furniture", "S-14", 89500, "Cedar chest Arz"),
    ("furniture", "S-12", 54900, "Bench Bol"),
    ("furniture", "S-02", 76500, "Daybed Gallipoli"),
    ("furniture", "S-05", 98000, "Armoire Lourmarin"),
    ("tiles", "S-08", 5900, "Azulejo panel Turia, m²"),
    ("tiles", "S-09", 8800, "Zellige squares, m²"),
    ("tiles", "S-01", 7200, "Majolica frieze, m"),
    ("tiles", "S-10", 4600, "Cement tiles Carthage, m²"),
    ("tiles", "S-08", 6600, "Hydraulic tiles Eixample, m²"),
    ("tiles", "S-03", 9400, "Mosaic border Knossos, m"),
    ("mirrors", "S-09", 14500, "Bone mirror Oudaya"),
    ("mirrors", "S-05", 18900, "Sunburst mirror Arles"),
    ("mirrors", "S-12", 16200, "Driftwood mirror Hvar"),
    ("mirrors", "S-07", 12400, "Rope mirror Portocolom"),
    ("mirrors", "S-11", 21500, "Silver leaf mirror Galata"),
    ("outdoor", "S-10", 6900, "Planter Cap Bon"),
    ("outdoor", "S-03", 15900, "Pithari jar, garden"),
    ("outdoor", "S-07", 34900, "Lounge chair Pollença"),
    ("outdoor", "S-02", 8600, "Hammock Ionio"),
    ("outdoor", "S-01", 11800, "Wall fountain Ortigia"),
    ("outdoor", "S-05", 4700, "Watering can Sorgue"),
    ("kitchen", "S-04", 5600, "Olive wood board Koroni"),
    ("kitchen", "S-10", 6200, "Tagine Mahdia"),
    ("kitchen", "S-08", 4900, "Paella pan and trivet"),
    ("kitchen", "S-04", 2600, "Salt cellar Mani"),
    ("kitchen", "S-14", 7800, "Copper coffee pot Rakweh"),
    ("kitchen", "S-03", 3900, "Oil cruet Sitia"),
    ("kitchen", "S-09", 3300, "Mint tea glasses, set of 6"),
)

PRODUCTS: tuple[Product, ...] = tuple(
    Product(f"MC-{number:03d}", name, category, seller, cents, VARIANTS[category])
    for number, (category, seller, cents, name) in enumerate(_SHELVES, start=101)
)

CATEGORIES: tuple[str, ...] = tuple(VARIANTS)

BY_CATEGORY: Mapping[str, tuple[Product, ...]] = {
    category: tuple(product for product in PRODUCTS if product.category == category) for category in CATEGORIES
}

#: currency -> (units per euro, step in cents to which a price is rounded)
_RATES: Mapping[str, tuple[float, int]] = {"EUR": (1.0, 1), "GBP": (0.87, 50), "CHF": (0.95, 5)}


def price_cents(product: Product, currency: str) -> int:
    """The price of a product in cents of a currency, rounded as shops do there."""
    rate, step = _RATES[currency]
    return max(step, round(product.price_cents * rate / step) * step)
