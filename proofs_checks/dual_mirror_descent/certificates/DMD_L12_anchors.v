(* dual_mirror_descent/DMD-L12: One step against an adversary. Up to the stopping time, alpha times the reward
   f_t(x_t) is at least the reward f_t(x) of any other action x less alpha times price times gradient, mu_t . g_t,
   where alpha is the largest ratio of a cost to its rate, or 1 if that is larger. Of every number of resources,
   prices at or above zero, every request and every best reply to it: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Prices DMD_L12.
Import ListNotations.
Open Scope R_scope.

(* fitting-menus:always-0 *)
Example anchor_1 :
  hypotheses (2 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 2), (1 / 1), (1 / 1))] /\
  lhs (2 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 2), (1 / 1), (1 / 1))] = (1) /\
  rhs (2 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 2), (1 / 1), (1 / 1))] = (2).
Proof. anchored. Qed.

(* fitting-menus:always-1 *)
Example anchor_2 :
  hypotheses (2 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (1 / 2)); ((0 / 1), (1 / 4), (0 / 1), (1 / 2))] /\
  lhs (2 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (1 / 2)); ((0 / 1), (1 / 4), (0 / 1), (1 / 2))] = (0) /\
  rhs (2 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (1 / 2)); ((0 / 1), (1 / 4), (0 / 1), (1 / 2))] = (0).
Proof. anchored. Qed.

(* fitting-menus:always-1 *)
Example anchor_3 :
  hypotheses (2 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (1 / 2)); ((0 / 1), (1 / 4), (0 / 1), (1 / 2))] /\
  lhs (2 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (1 / 2)); ((0 / 1), (1 / 4), (0 / 1), (1 / 2))] = (0) /\
  rhs (2 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (1 / 2)); ((0 / 1), (1 / 4), (0 / 1), (1 / 2))] = (0).
Proof. anchored. Qed.

(* fitting-menus:always-2 *)
Example anchor_4 :
  hypotheses (2 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 2), (1 / 1), (1 / 1))] /\
  lhs (2 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 2), (1 / 1), (1 / 1))] = (1) /\
  rhs (2 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 2), (1 / 1), (1 / 1))] = (2).
Proof. anchored. Qed.

(* fitting-menus:always-3 *)
Example anchor_5 :
  hypotheses (8 / 3) (1 / 1) (1 / 1) [((0 / 1), (3 / 8), (1 / 1), (1 / 1))] /\
  lhs (8 / 3) (1 / 1) (1 / 1) [((0 / 1), (3 / 8), (1 / 1), (1 / 1))] = (1) /\
  rhs (8 / 3) (1 / 1) (1 / 1) [((0 / 1), (3 / 8), (1 / 1), (1 / 1))] = (8 / 3).
Proof. anchored. Qed.

(* fitting-menus:always-4 *)
Example anchor_6 :
  hypotheses (2 / 1) (0 / 1) (1 / 1) [((13 / 8), (1 / 2), (0 / 1), (1 / 1))] /\
  lhs (2 / 1) (0 / 1) (1 / 1) [((13 / 8), (1 / 2), (0 / 1), (1 / 1))] = (-5 / 8) /\
  rhs (2 / 1) (0 / 1) (1 / 1) [((13 / 8), (1 / 2), (0 / 1), (1 / 1))] = (0).
Proof. anchored. Qed.

(* fitting-menus:always-5 *)
Example anchor_7 :
  hypotheses (4 / 1) (1 / 1) (1 / 1) [((1 / 2), (1 / 4), (1 / 2), (1 / 2)); ((1 / 4), (1 / 2), (1 / 4), (1 / 4))] /\
  lhs (4 / 1) (1 / 1) (1 / 1) [((1 / 2), (1 / 4), (1 / 2), (1 / 2)); ((1 / 4), (1 / 2), (1 / 4), (1 / 4))] = (5 / 4) /\
  rhs (4 / 1) (1 / 1) (1 / 1) [((1 / 2), (1 / 4), (1 / 2), (1 / 2)); ((1 / 4), (1 / 2), (1 / 4), (1 / 4))] = (4).
Proof. anchored. Qed.

(* fitting-menus:always-5 *)
Example anchor_8 :
  hypotheses (4 / 1) (1 / 1) (1 / 2) [((1 / 2), (1 / 4), (1 / 2), (1 / 1)); ((1 / 4), (1 / 2), (1 / 4), (0 / 1))] /\
  lhs (4 / 1) (1 / 1) (1 / 2) [((1 / 2), (1 / 4), (1 / 2), (1 / 1)); ((1 / 4), (1 / 2), (1 / 4), (0 / 1))] = (3 / 4) /\
  rhs (4 / 1) (1 / 1) (1 / 2) [((1 / 2), (1 / 4), (1 / 2), (1 / 1)); ((1 / 4), (1 / 2), (1 / 4), (0 / 1))] = (4).
Proof. anchored. Qed.

(* fitting-menus:always-6 *)
Example anchor_9 :
  hypotheses (1 / 1) (1 / 1) (1 / 4) [((0 / 1), (1 / 1), (1 / 1), (1 / 8))] /\
  lhs (1 / 1) (1 / 1) (1 / 4) [((0 / 1), (1 / 1), (1 / 1), (1 / 8))] = (1 / 4) /\
  rhs (1 / 1) (1 / 1) (1 / 4) [((0 / 1), (1 / 1), (1 / 1), (1 / 8))] = (1).
Proof. anchored. Qed.

(* fitting-menus:always-6 *)
Example anchor_10 :
  hypotheses (1 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 1), (1 / 1), (1 / 1))] /\
  lhs (1 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 1), (1 / 1), (1 / 1))] = (1) /\
  rhs (1 / 1) (1 / 1) (1 / 1) [((0 / 1), (1 / 1), (1 / 1), (1 / 1))] = (1).
Proof. anchored. Qed.

(* fitting-menus:always-7 *)
Example anchor_11 :
  hypotheses (1 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (0 / 1))] /\
  lhs (1 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (0 / 1))] = (0) /\
  rhs (1 / 1) (0 / 1) (0 / 1) [((0 / 1), (1 / 2), (0 / 1), (0 / 1))] = (0).
Proof. anchored. Qed.
