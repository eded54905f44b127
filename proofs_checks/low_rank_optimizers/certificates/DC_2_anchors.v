(* low_rank_optimizers/DC-2: The best r of n columns leave at most a share 1 - r/n of the squares. G is a gradient,
   Q is orthogonal of size n, and I are the r columns of Q for which G Q has the largest sums of squares. Then |G -
   G Q_I Q_I^T|^2 is at most (1 - r/n) |G|^2, whatever G and Q are, and at least the sum of all but the r largest
   squared singular values of G. Of columns of any squares, any number of them and every rank: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import DC_2.
Import ListNotations.
Open Scope R_scope.

(* columns-of-a-basis:always-6 *)
Example anchor_1 :
  hypotheses [(4 / 1)] [(3 / 1); (3 / 1); (3 / 1)] /\
  lhs [(4 / 1)] [(3 / 1); (3 / 1); (3 / 1)] = (9) /\
  rhs [(4 / 1)] [(3 / 1); (3 / 1); (3 / 1)] = (39 / 4).
Proof. anchored. Qed.

(* columns-of-a-basis:always-7 *)
Example anchor_2 :
  hypotheses [(3 / 1); (4 / 1)] [(3 / 1); (3 / 1)] /\
  lhs [(3 / 1); (4 / 1)] [(3 / 1); (3 / 1)] = (6) /\
  rhs [(3 / 1); (4 / 1)] [(3 / 1); (3 / 1)] = (13 / 2).
Proof. anchored. Qed.

(* columns-of-a-basis:always-8 *)
Example anchor_3 :
  hypotheses [(3 / 1); (3 / 1); (4 / 1); (3 / 1)] [] /\
  lhs [(3 / 1); (3 / 1); (4 / 1); (3 / 1)] [] = (0) /\
  rhs [(3 / 1); (3 / 1); (4 / 1); (3 / 1)] [] = (0).
Proof. anchored. Qed.

(* columns-of-a-basis:always-9 *)
Example anchor_4 :
  hypotheses [(10 / 1)] [] /\
  lhs [(10 / 1)] [] = (0) /\
  rhs [(10 / 1)] [] = (0).
Proof. anchored. Qed.

(* columns-of-a-basis:always-10 *)
Example anchor_5 :
  hypotheses [(10 / 1)] [] /\
  lhs [(10 / 1)] [] = (0) /\
  rhs [(10 / 1)] [] = (0).
Proof. anchored. Qed.

(* columns-of-a-basis:always-11 *)
Example anchor_6 :
  hypotheses [(0 / 1)] [(0 / 1)] /\
  lhs [(0 / 1)] [(0 / 1)] = (0) /\
  rhs [(0 / 1)] [(0 / 1)] = (0).
Proof. anchored. Qed.

(* columns-of-a-basis:always-12 *)
Example anchor_7 :
  hypotheses [(0 / 1)] [(0 / 1)] /\
  lhs [(0 / 1)] [(0 / 1)] = (0) /\
  rhs [(0 / 1)] [(0 / 1)] = (0).
Proof. anchored. Qed.

(* columns-of-a-basis:always-13 *)
Example anchor_8 :
  hypotheses [(5 / 1)] [(0 / 1)] /\
  lhs [(5 / 1)] [(0 / 1)] = (0) /\
  rhs [(5 / 1)] [(0 / 1)] = (5 / 2).
Proof. anchored. Qed.

(* columns-of-a-basis:always-14 *)
Example anchor_9 :
  hypotheses [(225 / 1)] [(32 / 1); (32 / 1)] /\
  lhs [(225 / 1)] [(32 / 1); (32 / 1)] = (64) /\
  rhs [(225 / 1)] [(32 / 1); (32 / 1)] = (578 / 3).
Proof. anchored. Qed.

(* columns-of-a-basis:always-15 *)
Example anchor_10 :
  hypotheses [(121 / 1); (24 / 1); (24 / 1)] [(24 / 1)] /\
  lhs [(121 / 1); (24 / 1); (24 / 1)] [(24 / 1)] = (24) /\
  rhs [(121 / 1); (24 / 1); (24 / 1)] [(24 / 1)] = (193 / 4).
Proof. anchored. Qed.

(* columns-of-a-basis:tight-0 *)
Example anchor_11 :
  hypotheses [(2 / 1); (2 / 1)] [(2 / 1)] /\
  lhs [(2 / 1); (2 / 1)] [(2 / 1)] = (2) /\
  rhs [(2 / 1); (2 / 1)] [(2 / 1)] = (2).
Proof. anchored. Qed.
