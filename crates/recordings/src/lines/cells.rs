//! A line's cells and the numbers in them.

/// What stands between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    Sign(u8),
    /// A comma and a space, where numbers have decimal commas.
    CommaSpace,
    Space,
}

/// A comma and a space.
const COMMA_SPACE: &str = ", ";

impl Between {
    /// The sign that a line holds most of; white space where it holds none.
    pub(crate) fn of(line: &str) -> Self {
        let count = |sign: &u8| line.bytes().filter(|byte| byte == sign).count();
        let sign = [b',', b';', b'\t'].into_iter().max_by_key(count).filter(|sign| count(sign) > 0);
        // A comma beside semicolons or tabs is one of a decimal number.
        let sign = [b'\t', b';'].into_iter().find(|sign| count(sign) > 0).or(sign);
        sign.map_or(Self::Space, Self::Sign)
    }

    /// What stands between cells of a table whose header and first row these are: the sign that the header holds most of, or a
    /// comma with a space where commas alone would give the row more cells than the header names.
    pub(crate) fn of_table(header: &str, row: Option<&str>) -> Self {
        let between = Self::of(header);
        let count = |line: &str, sign: &str| line.trim_end().trim_end_matches(',').split(sign).count();
        let decimal = row.is_some_and(|row| {
            count(row, ",") > count(header, ",") && count(row, COMMA_SPACE) == count(header, COMMA_SPACE)
        });
        if between == Self::Sign(b',') && decimal && header.contains(COMMA_SPACE) {
            Self::CommaSpace
        } else {
            between
        }
    }

    /// The cells of a line without white space and quotation marks around them.
    pub(crate) fn cells<'a>(self, line: &'a str, cells: &mut Vec<&'a str>) {
        cells.clear();
        match self {
            Self::Space => cells.extend(line.split_ascii_whitespace().map(bare)),
            Self::CommaSpace => cells.extend(line.split(COMMA_SPACE).map(bare)),
            Self::Sign(sign) if !line.contains('"') => cells.extend(line.split(char::from(sign)).map(bare)),
            Self::Sign(sign) => {
                let (mut start, mut quoted) = (0, false);
                for (at, byte) in line.bytes().enumerate() {
                    match byte {
                        b'"' => quoted = !quoted,
                        byte if byte == sign && !quoted => {
                            cells.push(bare(&line[start..at]));
                            start = at + 1;
                        }
                        _ => {}
                    }
                }
                cells.push(bare(&line[start..]));
            }
        }
    }

    /// Calls `take` with each of the cells in `places`, which go up and say what the cell is for; whether all are there.
    pub(crate) fn pick<'a>(
        self,
        line: &'a str,
        places: &[(usize, usize)],
        mut take: impl FnMut(usize, &'a str),
    ) -> bool {
        let mut next = places.iter().peekable();
        let mut of = |at: usize, cell: &'a str| {
            while let Some((_, purpose)) = next.next_if(|(column, _)| *column == at) {
                take(*purpose, cell);
            }
            next.peek().is_some()
        };
        match self {
            Self::Sign(sign) if !line.contains('"') => {
                // Cells behind the last one wanted are not looked at.
                for (at, cell) in line.split(char::from(sign)).enumerate() {
                    if !of(at, bare(cell)) {
                        break;
                    }
                }
            }
            _ => {
                let mut cells = Vec::new();
                self.cells(line, &mut cells);
                for (at, cell) in cells.into_iter().enumerate() {
                    of(at, cell);
                }
            }
        }
        next.peek().is_none()
    }

    /// The cells of a line, each a text of its own.
    pub(crate) fn names(self, line: &str) -> Vec<String> {
        let mut cells = Vec::new();
        self.cells(line, &mut cells);
        cells.into_iter().map(str::to_owned).collect()
    }
}

fn bare(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).map_or(cell, str::trim)
}

/// A number with a point or a decimal comma; `nan` is one.
pub(crate) fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().or_else(|| cell.contains(',').then(|| cell.replacen(',', ".", 1).parse().ok())?)
}
