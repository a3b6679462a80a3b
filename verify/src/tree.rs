//! The Merkle tree of RFC 9162, read leaf by leaf in constant memory, and its proofs.

use sha2::{Digest as _, Sha256};

/// A node's hash.
pub type Hash = [u8; 32];

/// Hashes of a tile of C2SP tlog-tiles.
const WIDTH: usize = 256;

/// `SHA-256(0x00 || leaf)`
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(leaf);
    hash.finalize().into()
}

/// `SHA-256(0x01 || left || right)`
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0x01]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// The root of no leaves.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest(b"").into()
}

/// A tree that grows by leaves: the roots of the complete subtrees of its right edge, and of each level
/// of tiles the newest one.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    /// Roots of complete subtrees, the largest first; the bits of `size`.
    edge: Vec<Hash>,
    tiles: Vec<Level>,
}

/// A level of tiles.
#[derive(Clone, Debug, Default)]
struct Level {
    /// The tile that is being filled.
    filling: Vec<Hash>,
    /// The last complete one.
    complete: Vec<Hash>,
}

impl Tree {
    /// Leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.edge.iter().rev();
        let Some(last) = from_the_right.next() else { return empty_root() };
        from_the_right.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Adds a leaf by its hash; answers how many levels of tiles got a complete tile by it.
    pub fn push(&mut self, leaf: Hash) -> u8 {
        let mut node = leaf;
        let mut completed = 0;
        // Each trailing one of the size is a complete subtree that this one completes to a larger one.
        for height in 0..self.size.trailing_ones() {
            if height % 8 == 0 && self.fill(height / 8, node) {
                completed += 1;
            }
            if let Some(left) = self.edge.pop() {
                node = node_hash(&left, &node);
            }
        }
        let height = self.size.trailing_ones();
        if height.is_multiple_of(8) && self.fill(height / 8, node) {
            completed += 1;
        }
        self.edge.push(node);
        self.size += 1;
        completed
    }

    /// Adds a hash to the tile of a level; answers whether that is complete now.
    fn fill(&mut self, level: u32, hash: Hash) -> bool {
        let level = level as usize;
        if self.tiles.len() <= level {
            self.tiles.resize(level + 1, Level::default());
        }
        let tiles = &mut self.tiles[level];
        tiles.filling.push(hash);
        let complete = tiles.filling.len() == WIDTH;
        if complete {
            tiles.complete = std::mem::take(&mut tiles.filling);
        }
        complete
    }

    /// The last complete tile of a level, and its number.
    #[must_use]
    pub fn complete_tile(&self, level: u8) -> Option<(u64, &[Hash])> {
        let tile = self.tiles.get(usize::from(level)).filter(|t| !t.complete.is_empty())?;
        let hashes = self.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        Some((hashes / WIDTH as u64 - 1, &tile.complete))
    }

    /// The incomplete tile of a level, and its number.
    #[must_use]
    pub fn partial_tile(&self, level: u8) -> Option<(u64, &[Hash])> {
        let tile = self.tiles.get(usize::from(level)).filter(|t| !t.filling.is_empty())?;
        let hashes = self.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        Some((hashes / WIDTH as u64, &tile.filling))
    }
}

/// Whether the proof leads from the leaf to the root: RFC 9162 2.1.3.2.
#[must_use]
pub fn includes(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node % 2 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the proof shows that the tree of `to` leaves continues the one of `from`: RFC 9162 2.1.4.2.
/// From the empty tree there is nothing to prove, and the proof must be empty.
#[must_use]
pub fn continues(from: (u64, &Hash), to: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((first, first_root), (second, second_root)) = (from, to);
    if first > second || (second == 0 && *second_root != empty_root()) {
        return false;
    }
    if first == 0 {
        return proof.is_empty() && *first_root == empty_root();
    }
    if first == second {
        return proof.is_empty() && first_root == second_root;
    }
    let mut steps = proof.iter();
    // An exact power of two is itself the node from which the proof begins.
    let start = if first.is_power_of_two() { Some(first_root) } else { steps.next() };
    let Some(start) = start else { return false };
    let (mut node, mut last) = (first - 1, second - 1);
    while node % 2 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*start, *start);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            while node % 2 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    /// MTH, PATH and PROOF as RFC 9162 2.1 defines them.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node_hash(&mth(&leaves[..k]), &mth(&leaves[k..]))
            }
        }
    }

    fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = leaves.len().next_power_of_two() / 2;
        let (mut below, other) = if m < k {
            (path(m, &leaves[..k]), mth(&leaves[k..]))
        } else {
            (path(m - k, &leaves[k..]), mth(&leaves[..k]))
        };
        below.push(other);
        below
    }

    fn subproof(m: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
        if m == leaves.len() {
            return if known { Vec::new() } else { vec![mth(leaves)] };
        }
        let k = leaves.len().next_power_of_two() / 2;
        let (mut below, other) = if m <= k {
            (subproof(m, &leaves[..k], known), mth(&leaves[k..]))
        } else {
            (subproof(m - k, &leaves[k..], false), mth(&leaves[..k]))
        };
        below.push(other);
        below
    }

    fn hashes(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    /// The last of the roots that Certificate Transparency's own tests use.
    #[test]
    fn the_root_is_that_of_certificate_transparency() {
        let mut tree = Tree::default();
        for leaf in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        {
            tree.push(leaf_hash(&HEXLOWER.decode(leaf.as_bytes()).unwrap()));
        }
        let root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
        assert_eq!(HEXLOWER.encode(&tree.root()), root);
    }

    #[test]
    fn tiles_complete_with_their_last_leaf() {
        let leaves = hashes(70_000);
        let mut tree = Tree::default();
        for (n, leaf) in leaves.iter().enumerate() {
            let completed = tree.push(*leaf);
            let expected = u8::from((n + 1) % 256 == 0) + u8::from((n + 1) % 65_536 == 0);
            assert_eq!(completed, expected, "{n}");
        }
        let (n, tile) = tree.complete_tile(0).unwrap();
        assert_eq!((n, tile), (272, &leaves[272 * 256..273 * 256]));
        let (n, tile) = tree.complete_tile(1).unwrap();
        assert_eq!((n, tile[255]), (0, mth(&leaves[255 * 256..256 * 256])));
        assert_eq!(tree.partial_tile(0).map(|(n, t)| (n, t.len())), Some((273, 112)));
        assert_eq!(tree.partial_tile(1).map(|(n, t)| (n, t.len())), Some((1, 17)));
        assert_eq!(tree.partial_tile(2).map(|(n, t)| (n, t.to_vec())), Some((0, vec![mth(&leaves[..65_536])])));
    }

    proptest! {
        #[test]
        fn roots_and_proofs_are_those_of_the_definition(size in 1_usize..300, a in 0_usize..300, bit in 0_usize..256) {
            let leaves = hashes(size);
            let mut tree = Tree::default();
            leaves.iter().for_each(|l| { tree.push(*l); });
            let root = mth(&leaves);
            prop_assert_eq!(tree.root(), root);

            let index = a % size;
            let proof = path(index, &leaves);
            prop_assert!(includes(&leaves[index], index as u64, size as u64, &proof, &root));
            prop_assert!(!includes(&leaves[index], (index + 1) as u64, size as u64, &proof, &root));
            let mut longer = proof.clone();
            longer.push(root);
            prop_assert!(!includes(&leaves[index], index as u64, size as u64, &longer, &root));
            if let Some(step) = proof.len().checked_sub(1) {
                prop_assert!(!includes(&leaves[index], index as u64, size as u64, &proof[..step], &root));
                let mut wrong = proof.clone();
                wrong[a % proof.len()][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!includes(&leaves[index], index as u64, size as u64, &wrong, &root));
            }
        }

        #[test]
        fn consistency_is_that_of_the_definition(size in 1_usize..300, a in 0_usize..300, bit in 0_usize..256) {
            let leaves = hashes(size);
            let from = a % size + 1;
            let (old, new) = (mth(&leaves[..from]), mth(&leaves));
            let proof = subproof(from, &leaves, true);
            let (first, second) = ((from as u64, &old), (size as u64, &new));
            prop_assert!(continues(first, second, &proof));
            let mut longer = proof.clone();
            longer.push(old);
            prop_assert!(!continues(first, second, &longer));
            if !proof.is_empty() {
                prop_assert!(!continues(first, second, &proof[1..]));
                let mut wrong = proof.clone();
                wrong[a % proof.len()][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!continues(first, second, &wrong));
            }
            let mut other = old;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!continues((from as u64, &other), second, &proof));
            prop_assert!(continues((0, &empty_root()), second, &[]));
            prop_assert!(!continues((0, &empty_root()), second, &[old]));
        }
    }
}
