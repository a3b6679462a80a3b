//! The Merkle tree of RFC 9162 (the hashing of RFC 6962) over tiles of 256 hashes (C2SP tlog-tiles).
//!
//! Everything here is pure: which hashes a proof is made of, and how a tree grows. Where tiles are
//! stored, [`crate::serve`] knows.

use sha2::{Digest as _, Sha256};

/// A node's hash.
pub type Hash = [u8; 32];

/// Hashes in a tile.
pub(crate) const TILE: usize = 256;
/// The height of a tile.
pub(crate) const TILE_HEIGHT: u32 = 8;
/// Levels of tiles that a tree of u64 leaves can have.
pub(crate) const LEVELS: u8 = 8;

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root over the hashes of complete subtrees of one size, of which the last may be smaller.
/// Without any it is the root of the empty tree.
#[must_use]
pub fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(split(hashes.len() as u64) as usize);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The largest power of two that is smaller than `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (u64::BITS - 1 - (n - 1).leading_zeros())
}

/// The right edge of a tree: the incomplete tile of each level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

/// A tile that is as good as new: to be stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u8,
    pub(crate) n: u64,
    pub(crate) hashes: Vec<Hash>,
}

impl Edge {
    /// Which tiles are incomplete in a tree of this size: level, number, hashes.
    pub(crate) fn shape(size: u64) -> impl Iterator<Item = (u8, u64, usize)> {
        (0..LEVELS).map(move |level| {
            let hashes = size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0);
            (level, hashes / TILE as u64, (hashes % TILE as u64) as usize)
        })
    }

    /// From the incomplete tiles of [`Edge::shape`], from level 0 up.
    pub(crate) fn new(size: u64, levels: Vec<Vec<Hash>>) -> Self {
        Self { size, levels }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn root(&self) -> Hash {
        let mut rest: Option<Hash> = None;
        for level in &self.levels {
            let mut hashes = level.clone();
            hashes.extend(rest);
            if !hashes.is_empty() {
                rest = Some(root_of(&hashes));
            }
        }
        rest.unwrap_or_else(|| root_of(&[]))
    }

    /// Adds leaves; answers the tiles that became complete, and at the end the incomplete ones that
    /// changed.
    pub(crate) fn extend(&mut self, leaves: &[Hash]) -> Vec<Tile> {
        let mut out = Vec::new();
        let mut changed = 0;
        for leaf in leaves {
            changed = changed.max(self.push(0, *leaf, &mut out));
            self.size += 1;
        }
        if !leaves.is_empty() {
            let size = self.size;
            out.extend(Self::shape(size).take(changed + 1).filter(|(_, _, width)| *width > 0).map(|(level, n, _)| {
                Tile { level, n, hashes: self.levels.get(usize::from(level)).cloned().unwrap_or_default() }
            }));
        }
        out
    }

    /// Answers the highest level that it changed.
    fn push(&mut self, level: usize, hash: Hash, out: &mut Vec<Tile>) -> usize {
        if self.levels.len() <= level {
            self.levels.resize(level + 1, Vec::new());
        }
        self.levels[level].push(hash);
        if self.levels[level].len() < TILE {
            return level;
        }
        let hashes = std::mem::take(&mut self.levels[level]);
        let n = self.size >> (TILE_HEIGHT * (level as u32 + 1));
        let root = root_of(&hashes);
        out.push(Tile { level: level as u8, n, hashes });
        self.push(level + 1, root, out)
    }
}

/// A subtree: the leaves `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Span {
    fn split(self) -> (Self, Self) {
        let middle = self.start + split(self.end - self.start);
        (Self { end: middle, ..self }, Self { start: middle, ..self })
    }

    /// The complete subtrees that it is made of, from left to right; their sizes fall, and its hash is
    /// theirs folded from the right.
    pub(crate) fn complete(self) -> Vec<Self> {
        let mut out = Vec::new();
        let mut rest = self;
        loop {
            if rest.end == rest.start {
                return out;
            }
            if (rest.end - rest.start).is_power_of_two() {
                out.push(rest);
                return out;
            }
            let (left, right) = rest.split();
            out.push(left);
            rest = right;
        }
    }

    /// Where the hash of a complete subtree comes from: level, number and part of a tile.
    pub(crate) fn in_tile(self) -> (u8, u64, std::ops::Range<usize>) {
        let height = (self.end - self.start).trailing_zeros();
        let level = height / TILE_HEIGHT;
        let first = self.start >> (level * TILE_HEIGHT);
        let offset = (first % TILE as u64) as usize;
        let width = 1_usize << (height % TILE_HEIGHT);
        (level as u8, first / TILE as u64, offset..offset + width)
    }
}

/// The hash over complete subtrees, from left to right.
pub(crate) fn fold(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => root_of(&[]),
        [all @ .., last] => all.iter().rev().fold(*last, |right, left| node_hash(left, &right)),
    }
}

/// The audit path of RFC 9162 2.1.3.1: the subtrees whose hashes prove that `index` is in a tree of
/// `size` leaves. `index` must be smaller than `size`.
pub(crate) fn inclusion(index: u64, size: u64) -> Vec<Span> {
    let mut span = Span { start: 0, end: size };
    let mut out = Vec::new();
    while span.end - span.start > 1 {
        let (left, right) = span.split();
        if index < left.end {
            out.push(right);
            span = left;
        } else {
            out.push(left);
            span = right;
        }
    }
    out.reverse();
    out
}

/// The root that an audit path leads to from the leaf `index` in a tree of `size` leaves; `None` when the
/// path has not the length that it must have.
pub(crate) fn root_by(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    let spans = inclusion(index, size);
    if index >= size || spans.len() != path.len() {
        return None;
    }
    Some(spans.iter().zip(path).fold(leaf, |below, (span, beside)| {
        if span.start > index { node_hash(&below, beside) } else { node_hash(beside, &below) }
    }))
}

/// The consistency proof of RFC 9162 2.1.4.1 between the sizes `from` and `to`, where
/// 0 < `from` <= `to`.
pub(crate) fn consistency(from: u64, to: u64) -> Vec<Span> {
    let mut span = Span { start: 0, end: to };
    let mut out = Vec::new();
    let mut known = true;
    while span.end != from {
        let (left, right) = span.split();
        if from <= left.end {
            out.push(right);
            span = left;
        } else {
            out.push(left);
            span = right;
            known = false;
        }
    }
    if !known {
        out.push(span);
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    /// The definition of RFC 9162 2.1.1, as it stands there.
    fn naive(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => leaf_hash(one),
            many => {
                let mut k = 1;
                while k * 2 < many.len() {
                    k *= 2;
                }
                node_hash(&naive(&many[..k]), &naive(&many[k..]))
            }
        }
    }

    fn grown(leaves: &[Vec<u8>], steps: &[usize]) -> (Edge, Vec<Tile>) {
        let hashes: Vec<Hash> = leaves.iter().map(|l| leaf_hash(l)).collect();
        let mut edge = Edge::default();
        let mut tiles = Vec::new();
        let mut rest = &hashes[..];
        for step in steps.iter().copied().chain([usize::MAX]) {
            let (now, later) = rest.split_at(step.min(rest.len()));
            tiles.extend(edge.extend(now));
            rest = later;
        }
        (edge, tiles)
    }

    /// The leaves and roots that Certificate Transparency's own tests use.
    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let leaves: Vec<Vec<u8>> = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
            .into_iter()
            .chain(["606162636465666768696a6b6c6d6e6f"])
            .map(|hex| HEXLOWER.decode(hex.as_bytes()).unwrap())
            .collect();
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (n, root) in roots.iter().enumerate() {
            assert_eq!(HEXLOWER.encode(&grown(&leaves[..=n], &[]).0.root()), *root, "{} leaves", n + 1);
        }
        assert_eq!(
            HEXLOWER.encode(&Edge::default().root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    /// The example of C2SP tlog-tiles.
    #[test]
    fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
        let shape: Vec<_> = Edge::shape(70_000).take(3).collect();
        assert_eq!(shape, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
        assert_eq!(Edge::shape(256).take(2).collect::<Vec<_>>(), [(0, 1, 0), (1, 0, 1)]);
    }

    proptest! {
        #[test]
        fn a_tree_has_the_root_of_its_definition_however_it_grew(
            count in 0_usize..1_400,
            steps in proptest::collection::vec(0_usize..400, 0..6),
        ) {
            let leaves: Vec<Vec<u8>> = (0..count).map(|n| n.to_be_bytes().to_vec()).collect();
            let (edge, tiles) = grown(&leaves, &steps);
            prop_assert_eq!(edge.size(), count as u64);
            prop_assert_eq!(edge.root(), naive(&leaves));
            // The last version of each tile holds what the definition says.
            let stored: std::collections::BTreeMap<_, _> =
                tiles.into_iter().map(|t| ((t.level, t.n), t.hashes)).collect();
            for (level, n, width) in Edge::shape(count as u64) {
                let unit = TILE.pow(u32::from(level).min(3));
                for number in 0..=n {
                    let full = if number < n { TILE } else { width };
                    let expected: Vec<Hash> = (0..full)
                        .map(|i| (number as usize * TILE + i) * unit)
                        .map(|at| naive(&leaves[at..at + unit]))
                        .collect();
                    if !expected.is_empty() {
                        prop_assert_eq!(stored.get(&(level, number)), Some(&expected));
                    }
                }
            }
        }

        #[test]
        fn spans_are_found_in_tiles(start in 0_u64..5_000, height in 0_u32..12) {
            let size = 1 << height;
            let span = Span { start: start / size * size, end: (start / size + 1) * size };
            let (level, n, part) = span.in_tile();
            let unit = 256_u64.pow(level.into());
            prop_assert!(part.end <= TILE);
            prop_assert_eq!((n * 256 + part.start as u64) * unit, span.start);
            prop_assert_eq!((n * 256 + part.end as u64) * unit, span.end);
        }
    }
}
