;; What a C compiler does not write: garbage in the padding of `tensor`, types by the numbers of wasi-nn 0.5 and before, structures at odd addresses,
;; and at the very end of the memory. The models are named ones.
(module
  (import "wasi_ephemeral_nn" "load_by_name" (func $load (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $init (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0x100) "ok   step 00\n")
  (data (i32.const 0x110) "FAIL step 00\n")
  (data (i32.const 0x200) "type-u8type-i32type-f64double")
  (data (i32.const 0x300) "\01\00\00\00\03\00\00\00")                       ;; dims 1, 3
  (data (i32.const 0x310) "\01\02\03\00\00\00\00\00\00\00\00\00")           ;; u8 data
  (data (i32.const 0x320) "\01\00\00\00\02\00\00\00\03\00\00\00")           ;; i32 data
  (data (i32.const 0x340) "\00\00\00\00\00\00\f0\3f\00\00\00\00\00\00\00\40\00\00\00\00\00\00\08\40")  ;; f64 data
  (data (i32.const 0x360) "\00\00\80\3f\00\00\00\40\00\00\40\40")           ;; f32 data
  (global $step (mut i32) (i32.const 0))

  ;; Prints the step; ends the program with 1 where the values differ.
  (func $expect (param $expected i32) (param $got i32)
    (local $text i32)
    (global.set $step (i32.add (global.get $step) (i32.const 1)))
    (local.set $text (select (i32.const 0x100) (i32.const 0x110) (i32.eq (local.get $expected) (local.get $got))))
    (i32.store8 offset=10 (local.get $text) (i32.add (i32.const 48) (i32.div_u (global.get $step) (i32.const 10))))
    (i32.store8 offset=11 (local.get $text) (i32.add (i32.const 48) (i32.rem_u (global.get $step) (i32.const 10))))
    (i32.store (i32.const 0x10) (local.get $text))
    (i32.store (i32.const 0x14) (i32.const 13))
    (drop (call $write (i32.const 1) (i32.const 0x10) (i32.const 1) (i32.const 0x18)))
    (if (i32.ne (local.get $expected) (local.get $got)) (then (call $exit (i32.const 1)))))

  ;; A context of a named model, written to 0x24.
  (func $open (param $name i32) (param $length i32) (result i32)
    (call $expect (i32.const 0) (call $load (local.get $name) (local.get $length) (i32.const 0x20)))
    (call $expect (i32.const 0) (call $init (i32.load (i32.const 0x20)) (i32.const 0x24)))
    (i32.load (i32.const 0x24)))

  ;; A tensor [1, 3] at $at with these 32 bits where the type is.
  (func $tensor (param $at i32) (param $type i32) (param $data i32) (param $size i32)
    (i32.store align=1 (local.get $at) (i32.const 0x300))
    (i32.store offset=4 align=1 (local.get $at) (i32.const 2))
    (i32.store offset=8 align=1 (local.get $at) (local.get $type))
    (i32.store offset=12 align=1 (local.get $at) (local.get $data))
    (i32.store offset=16 align=1 (local.get $at) (local.get $size)))

  (func (export "_start")
    (local $context i32)
    ;; u8 by today's number, with garbage behind it; by the old number, 2; a size that fits neither meaning of 2.
    (local.set $context (call $open (i32.const 0x200) (i32.const 7)))
    (call $tensor (i32.const 0x400) (i32.const 0xdeadbe03) (i32.const 0x310) (i32.const 3))
    (call $expect (i32.const 0) (call $set (local.get $context) (i32.const 0) (i32.const 0x400)))
    (call $tensor (i32.const 0x400) (i32.const 0x00100302) (i32.const 0x310) (i32.const 3))
    (call $expect (i32.const 0) (call $set (local.get $context) (i32.const 0) (i32.const 0x400)))
    (call $expect (i32.const 0) (call $compute (local.get $context)))
    (call $expect (i32.const 0) (call $get (local.get $context) (i32.const 1) (i32.const 0x500) (i32.const 3) (i32.const 0x30)))
    (call $expect (i32.const 0x060402) (i32.and (i32.load (i32.const 0x500)) (i32.const 0xffffff)))
    (call $tensor (i32.const 0x400) (i32.const 2) (i32.const 0x310) (i32.const 12))
    (call $expect (i32.const 1) (call $set (local.get $context) (i32.const 0) (i32.const 0x400)))
    ;; i32 by the old number, 3: four bytes an element.
    (local.set $context (call $open (i32.const 0x207) (i32.const 8)))
    (call $tensor (i32.const 0x400) (i32.const 0xffffff03) (i32.const 0x320) (i32.const 12))
    (call $expect (i32.const 0) (call $set (local.get $context) (i32.const 0) (i32.const 0x400)))
    (call $expect (i32.const 0) (call $compute (local.get $context)))
    (call $expect (i32.const 0) (call $get (local.get $context) (i32.const 1) (i32.const 0x500) (i32.const 12) (i32.const 0x30)))
    (call $expect (i32.const 6) (i32.load (i32.const 0x508)))
    ;; f64 by its number, 2: eight bytes an element.
    (local.set $context (call $open (i32.const 0x20f) (i32.const 8)))
    (call $tensor (i32.const 0x400) (i32.const 0x01010102) (i32.const 0x340) (i32.const 24))
    (call $expect (i32.const 0) (call $set (local.get $context) (i32.const 0) (i32.const 0x400)))
    ;; Structures, results and data at odd addresses, and a tensor that ends with the memory.
    (local.set $context (call $open (i32.const 0x217) (i32.const 6)))
    (call $tensor (i32.const 0x401) (i32.const 1) (i32.const 0x360) (i32.const 12))
    (call $expect (i32.const 0) (call $set (local.get $context) (i32.const 0) (i32.const 0x401)))
    (call $tensor (i32.const 0xffec) (i32.const 0x77777701) (i32.const 0x360) (i32.const 12))
    (call $expect (i32.const 0) (call $set (local.get $context) (i32.const 0) (i32.const 0xffec)))
    (call $expect (i32.const 1) (call $set (local.get $context) (i32.const 0) (i32.const 0xffed)))
    (call $expect (i32.const 0) (call $compute (local.get $context)))
    (call $expect (i32.const 0) (call $get (local.get $context) (i32.const 0) (i32.const 0x501) (i32.const 12) (i32.const 0x33)))
    (call $expect (i32.const 12) (i32.load align=1 (i32.const 0x33)))
    (call $expect (i32.const 0x40c00000) (i32.load align=1 (i32.const 0x509)))
    (call $exit (i32.const 0))))
