//! The bytes that a connection has received and nobody has used yet.

/// A buffer of fixed size with a start and an end.
///
/// The memory is lent to the kernel while a read is in flight; the buffer is then empty-handed and
/// reads as having no bytes.
pub(crate) struct Input {
    memory: Vec<u8>,
    start: usize,
    end: usize,
    size: usize,
}

impl Input {
    /// An empty one of that many bytes.
    pub fn new(size: usize) -> Self {
        Self {
            memory: Vec::new(),
            start: 0,
            end: 0,
            size,
        }
    }

    /// What is there to be used.
    pub fn bytes(&self) -> &[u8] {
        self.memory.get(self.start..self.end).unwrap_or(&[])
    }

    /// How many bytes are there.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether no further byte fits, even after moving the rest to the front.
    pub fn is_full(&self) -> bool {
        self.len() == self.size
    }

    /// Marks the first `count` bytes as used.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Lets `fill` write into the free space, for bytes that do not come from a read; it returns
    /// how many it wrote.
    pub fn append_with<E>(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.make_room();
        let count = fill(&mut self.memory[self.end..])?;
        self.end = (self.end + count).min(self.size);
        Ok(count)
    }

    /// Gives the memory away together with the position to read to.
    pub fn lend(&mut self) -> (Vec<u8>, usize) {
        self.make_room();
        (std::mem::take(&mut self.memory), self.end)
    }

    /// Takes the memory back, with that many more bytes in it.
    pub fn take_back(&mut self, memory: Vec<u8>, received: usize) {
        self.memory = memory;
        self.end = (self.end + received).min(self.size);
    }

    /// Gives away the memory with the range of the first `count` unused bytes in it, to be sent
    /// from where they are; [`Input::give_back`] ends that.
    pub fn take_front(&mut self, count: usize) -> (Vec<u8>, usize, usize) {
        let end = (self.start + count).min(self.end);
        (std::mem::take(&mut self.memory), self.start, end)
    }

    /// Takes back what [`Input::take_front`] gave.
    pub fn give_back(&mut self, memory: Vec<u8>) {
        self.memory = memory;
    }

    /// Puts the memory in place, and free bytes behind the last one.
    fn make_room(&mut self) {
        if self.memory.is_empty() {
            // Zeroed pages come from the kernel for nothing; only what is received is touched.
            self.memory = vec![0; self.size];
        }
        if self.end == self.size && self.start > 0 {
            self.memory.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(input: &mut Input, bytes: &[u8]) -> usize {
        let appended = input.append_with(|mut free| std::io::Write::write(&mut free, bytes));
        appended.expect("memory takes bytes")
    }

    #[test]
    fn bytes_come_out_in_the_order_they_went_in_at_every_edge() {
        let mut input = Input::new(4);
        assert_eq!(append(&mut input, b"abcdef"), 4);
        assert!(input.is_full());
        input.consume(3);
        assert_eq!(input.bytes(), b"d");
        assert_eq!(append(&mut input, b"xyz!"), 3);
        assert_eq!(input.bytes(), b"dxyz");
        input.consume(9);
        assert!(input.is_empty());
        let (memory, position) = input.lend();
        assert_eq!((memory.len(), position), (4, 0));
        input.take_back(memory, 2);
        assert_eq!(input.len(), 2);
    }
}
