use super::super::check;
use super::*;
use img_parts::png::PngChunk;
use img_parts::riff::RiffChunk;

/// What no file may say afterwards: a place, as a telephone writes it.
const PLACE: &[u8] = b"34.0526N 117.9360E";

/// An Exif of a telephone: how it was held, and where.
fn exif(up: u8, little: bool) -> Vec<u8> {
    let two = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let four = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let text = u32::try_from(PLACE.len()).unwrap();
    [
        if little { &b"II*\0"[..] } else { b"MM\0*" },
        &four(8),
        &two(2),
        // The maker's name, which is said at the end.
        &[&two(0x010f)[..], &two(2), &four(text), &four(38)].concat(),
        &[&two(0x0112)[..], &two(3), &four(1), &two(u16::from(up)), &[0; 2]].concat(),
        &four(0),
        PLACE,
    ]
    .concat()
}

fn says(content: &[u8], what: &[u8]) -> bool {
    content.windows(what.len()).any(|w| w == what)
}

/// The picture alone, which says nothing of the place; and that it changes no more when it is sent again.
fn kept(media_type: &str, sent: &[u8]) -> Bare {
    assert!(says(sent, PLACE), "the picture that is sent says where it was taken");
    let kept = bare(media_type, sent).unwrap();
    assert!(!says(&kept.content, PLACE), "{media_type}");
    assert_eq!(bare(media_type, &kept.content).as_ref(), Some(&kept), "{media_type}: nothing is left to be taken away");
    assert_eq!(check(media_type, 100, &kept.content), check(media_type, 100, sent), "{media_type}");
    kept
}

fn segment(marker: u8, contents: &[u8]) -> JpegSegment {
    JpegSegment::new_with_contents(marker, Bytes::copy_from_slice(contents))
}

/// A scan with a byte that looks like a marker, a restart, and a table that holds what looks like the end.
const SCANS: &[u8] = b"\x12\xff\0\x34\xff\xd0\x56\xff\xc4\0\x05\x01\xff\xd9\xff\xda\0\x02\x78\xff\xd9";

/// A photograph of 640 × 480, with all that cameras write beside one.
fn photograph(exif: &[u8]) -> Vec<u8> {
    let mut jpeg = Jpeg::from_bytes(Bytes::from_static(b"\xff\xd8\xff\xd9")).unwrap();
    let frame = segment(markers::SOF0, b"\x08\x01\xe0\x02\x80\x01\x01\x11\0");
    let behind = [SCANS, b"\xff\xd8\xff\xe1", PLACE].concat();
    jpeg.segments_mut().extend([
        segment(markers::APP0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(markers::APP1, &[b"Exif\0\0", exif].concat()),
        segment(markers::APP1, &[b"http://ns.adobe.com/xap/1.0/\0", PLACE].concat()),
        segment(markers::APP2, &[b"ICC_PROFILE\0\x01\x01", &b"colours"[..]].concat()),
        segment(markers::APP2, &[b"MPF\0", PLACE].concat()),
        segment(markers::APP13, &[b"Photoshop 3.0\0", PLACE].concat()),
        segment(COMMENT, PLACE),
        segment(markers::APP14, b"Adobe\0\x64\0\0\0\0\x01"),
        frame,
        JpegSegment::new_with_entropy(markers::SOS, Bytes::from_static(b"\x01\x01\0\0\x3f\0"), behind.into()),
    ]);
    jpeg.encoder().bytes().to_vec()
}

#[test]
fn of_a_photograph_its_colours_and_all_its_scans_stay_and_no_place_or_second_picture() {
    let kept = kept("image/jpeg", &photograph(&exif(1, true)));
    assert!(!kept.turned && kept.content.ends_with(SCANS));
    assert!(says(&kept.content, b"ICC_PROFILE") && says(&kept.content, b"Adobe"), "it looks as it did");
    for gone in [&b"Exif"[..], b"http:", b"MPF", b"Photoshop", b"\xff\xd8\xff\xe1"] {
        assert!(!says(&kept.content, gone), "{}", String::from_utf8_lossy(gone));
    }
}

#[test]
fn which_way_is_up_stays_alone_and_says_whether_the_sides_change_places() {
    for (up, turned) in (1..=8).map(|up| (up, up >= 5)) {
        for little in [true, false] {
            let kept = kept("image/jpeg", &photograph(&exif(up, little)));
            let left = Jpeg::from_bytes(kept.content.clone()).unwrap().exif();
            assert_eq!(kept.turned, turned, "{up}");
            assert_eq!(left.as_deref().and_then(orientation), (up > 1).then_some(up));
            assert_eq!(left.map_or(0, |e| e.len()), if up > 1 { 26 } else { 0 }, "one entry, and no other");
        }
    }
}

#[test]
fn an_exif_that_is_cut_off_or_lies_about_its_length_is_taken_away_like_any_other() {
    let whole = exif(6, false);
    for cut in 0..whole.len() {
        assert!(bare("image/jpeg", &photograph(&whole[..cut])).is_some(), "{cut}");
    }
    assert_eq!(orientation(b"MM\0*\xff\xff\xff\xff"), None);
    assert_eq!(orientation(b"MM\0*\0\0\0\x08\xff\xff\0\0"), None);
    assert_eq!(orientation(&exif(9, true)), None, "there are eight ways");
}

#[test]
fn of_a_drawing_its_chunks_that_draw_stay_and_no_texts_or_times() {
    let mut png = Png::from_bytes(Bytes::from_static(b"\x89PNG\r\n\x1a\n")).unwrap();
    let chunk = |kind: &[u8; 4], contents: &[u8]| PngChunk::new(*kind, Bytes::copy_from_slice(contents));
    let exif = exif(6, false);
    png.chunks_mut().extend([
        chunk(b"IHDR", b"\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0"),
        chunk(b"gAMA", b"\0\0\xb1\x8f"),
        chunk(b"eXIf", &exif),
        chunk(b"tEXt", PLACE),
        chunk(b"zTXt", PLACE),
        chunk(b"iTXt", PLACE),
        chunk(b"tIME", b"\x07\xea\x0b\x18\x08\0\0"),
        chunk(b"IDAT", b"points"),
        chunk(b"caBX", PLACE),
        chunk(b"IEND", b""),
    ]);
    let kept = kept("image/png", &png.encoder().bytes());
    let left: Vec<_> = Png::from_bytes(kept.content).unwrap().chunks().iter().map(PngChunk::kind).collect();
    assert_eq!(left, [*b"IHDR", *b"eXIf", *b"gAMA", *b"IDAT", *b"IEND"]);
    assert!(kept.turned);
}

#[test]
fn of_a_webp_its_chunks_that_draw_stay_and_its_header_promises_no_others() {
    let data = |id: &[u8; 4], data: &[u8]| RiffChunk::new(*id, RiffContent::Data(Bytes::copy_from_slice(data)));
    let webp = |up| {
        let subchunks = vec![
            // Exif and XMP follow, 640 × 480.
            data(b"VP8X", b"\x0c\0\0\0\x7f\x02\0\xdf\x01\0"),
            data(b"VP8 ", b"\x50\x5a\0\x9d\x01\x2a\x80\x02\xe0\x01"),
            data(b"EXIF", &exif(up, true)),
            data(b"XMP ", PLACE),
        ];
        RiffChunk::new(*b"RIFF", RiffContent::List { kind: Some(*b"WEBP"), subchunks }).encoder().bytes()
    };
    let ids = |content: &Bytes| -> Vec<_> {
        WebP::from_bytes(content.clone()).unwrap().chunks().iter().map(RiffChunk::id).collect()
    };
    let turned = kept("image/webp", &webp(8));
    assert_eq!(ids(&turned.content), [*b"VP8X", *b"VP8 ", *b"EXIF"]);
    assert_eq!((turned.turned, turned.content[20]), (true, 0b0000_1000), "of the two, Exif alone follows");
    assert_eq!(ids(&kept("image/webp", &webp(1)).content), [*b"VP8 "], "without either it needs no such header");
}

#[test]
fn what_cannot_be_read_is_no_picture() {
    for media_type in ["image/jpeg", "image/png", "image/webp"] {
        for content in [&b""[..], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"RIFF\xff\0\0\0WEBPVP8X"] {
            assert_eq!(bare(media_type, content), None, "{media_type}");
        }
    }
}
