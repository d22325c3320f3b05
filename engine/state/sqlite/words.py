"""How texts that people ask with are looked for."""


def part_or_glob(expression: str, wanted: str) -> str:
    """SQL that finds one parameter in a text: as a glob where it has * or ?, else as a part.

    Reasons hold brackets, as in ``products[0]``, so those make no glob.
    """
    return f"{expression} GLOB ?" if set(wanted) & set("*?") else f"instr({expression}, ?) > 0"
